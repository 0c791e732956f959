#!/bin/sh
# Makes the weights that ship once more: sh weights/make.sh faces|faces-unet|buildings DATA VGG16 [OUT]
# DATA holds the sets under the names that data/README.md gives them, VGG16 is the file of its weights. Each step is a
# run of its own below OUT (default: runs); a step that was interrupted is finished by the same command.
set -eu

name=${1:?"what to make: faces, faces-unet or buildings"}
data=${2:?"the folder of the data sets"}
vgg16=${3:?"the file of VGG16's weights"}
out=${4:-runs}

step() { # step RUN VERB ARGUMENTS...: trains into $out/RUN, or goes on there
    run=$out/$1 verb=$2
    shift 2
    if [ -e "$run/done" ]; then return; fi
    if [ -e "$run/checkpoint.npz" ]; then
        python -m "sketchback.$verb" "$1" --out "$run" --resume
    else
        python -m "sketchback.$verb" "$@" --vgg16 "$vgg16" --out "$run"
    fi
    touch "$run/done"
}

everything="--data $data/celeba --data $data/celeba_aligned --data $data/cufs --data $data/fs2k --against $data/lfw"
# The first step of both generators: 46,000 pictures at 96 x 96.
first="--data $data/celeba --data $data/cufs --against $data/lfw --against $data/fs2k --against $data/celeba_aligned
    --size 96x96 --epochs 3 --batch-size 16 --learning-rate 7e-4 --pair-share 0.1 --zoom 1 --squeeze 1"
large="--size 128x128 --zoom 1.3 --pair-share 0.25"

# The lists above are to be taken apart at their blanks.
# shellcheck disable=SC2086
faces() {
    step faces-1 train faces $first
    step faces-2 train faces --weights "$out/faces-1/last.weights.h5" $everything \
        --size 96x96 --schedule constant --epochs 3 --limit 12000
    step faces-3 train faces --weights "$out/faces-2/last.weights.h5" $everything $large \
        --warmup 150 --epochs 3 --limit 10500
}

set --  # the rest of what publishing is told
# shellcheck disable=SC2086
case $name in
faces)
    faces
    step faces-4 train faces --weights "$out/faces-3/best.weights.h5" $everything $large \
        --squeeze 1.6 --warmup 100 --epochs 2 --limit 9500
    step faces train faces --weights "$out/faces-4/best.weights.h5" $everything $large \
        --squeeze 1.6 --warmup 100 --epochs 6 --limit 11000
    # The last step alone follows CUFS's 80 training pairs too closely.
    set -- --blend "$out/faces-4/best.weights.h5" 0.25
    ;;
faces-unet)
    step faces-unet train faces --model unet_resnet --encoder scratch $first
    ;;
buildings)
    faces
    step buildings-1 finetune buildings --weights "$out/faces-3/best.weights.h5" --data "$data/buildings" --epochs 6
    step buildings finetune buildings --weights "$out/buildings-1/best.weights.h5" --data "$data/buildings" \
        --learning-rate 2e-4 --warmup 50 --epochs 2
    ;;
*)
    echo "error: what to make must be faces, faces-unet or buildings. Received: $name." >&2
    exit 2
    ;;
esac
python "$(dirname "$0")/../benchmarks/publish.py" "$out/$name" "$name" "$@"
