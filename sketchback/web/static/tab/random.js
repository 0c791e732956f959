// NumPy's random numbers: `numpy.random.default_rng(seed).standard_normal()`, so that a seed means the same candidates.
//
// SeedSequence, PCG64 (O'Neill 2014), and the ziggurat of Marsaglia and Tsang (2000) in 256 strips.

const BITS64 = (1n << 64n) - 1n;
const BITS128 = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
const [EDGE, AREA] = [3.654152885361009, 0.004928673233974658]; // where the tail begins; of each strip
const UNIT = 2 ** 52;

/** Four times 64 bits from whole numbers below 2^32. */
function spread(entropy) {
  let hash = 0x43b0d7e5;
  const mixIn = (value) => {
    const before = value ^ hash;
    hash = Math.imul(hash, 0x931e8875);
    const mixed = Math.imul(before, hash);
    return mixed ^ (mixed >>> 16);
  };
  const mix = (one, other) => {
    const mixed = Math.imul(0xca01f9dd, one) - Math.imul(0x4973f715, other);
    return mixed ^ (mixed >>> 16);
  };
  const pool = [0, 1, 2, 3].map((place) => mixIn(entropy[place] ?? 0));
  for (let from = 0; from < 4; from += 1) {
    for (let to = 0; to < 4; to += 1) if (from !== to) pool[to] = mix(pool[to], mixIn(pool[from]));
  }
  hash = 0x8b51f9dd;
  const words = Array.from({ length: 8 }, (_, place) => {
    const before = pool[place % 4] ^ hash;
    hash = Math.imul(hash, 0x58f38ded);
    const mixed = Math.imul(before, hash);
    return BigInt((mixed ^ (mixed >>> 16)) >>> 0);
  });
  return [0, 2, 4, 6].map((place) => (words[place + 1] << 32n) | words[place]);
}

class PCG64 {
  constructor(entropy) {
    const [high, low, first, second] = spread(entropy);
    this.step = ((((first << 64n) | second) << 1n) | 1n) & BITS128;
    this.state = (this.step + ((high << 64n) | low)) & BITS128;
    this.#advance();
  }

  #advance() { this.state = (this.state * MULTIPLIER + this.step) & BITS128; }

  bits() {
    this.#advance();
    const mixed = (this.state >> 64n) ^ (this.state & BITS64);
    const turn = this.state >> 122n;
    return ((mixed >> turn) | (mixed << (64n - turn))) & BITS64;
  }

  uniform() { return Number(this.bits() >> 11n) / 2 ** 53; }
}

const bell = (x) => Math.exp(-0.5 * x * x);
const STRIPS = (() => {
  const [within, widths, heights] = [new Float64Array(256), new Float64Array(256), new Float64Array(256)];
  let x = EDGE;
  const base = AREA / bell(EDGE);
  within[0] = (x / base) * UNIT;
  [widths[0], widths[255]] = [base / UNIT, x / UNIT];
  [heights[0], heights[255]] = [1, bell(x)];
  for (let strip = 254; strip > 0; strip -= 1) {
    const before = x;
    x = Math.sqrt(-2 * Math.log(AREA / x + bell(x)));
    within[strip + 1] = (x / before) * UNIT;
    heights[strip] = bell(x);
    widths[strip] = x / UNIT;
  }
  return { within, widths, heights };
})();

function normal(generator) {
  for (;;) {
    const bits = generator.bits();
    const strip = Number(bits & 0xffn);
    const sign = (bits >> 8n) & 1n ? -1 : 1;
    const length = (bits >> 9n) & 0xfffffffffffffn;
    const x = Number(length) * STRIPS.widths[strip];
    if (Number(length) < STRIPS.within[strip]) return sign * x;
    if (strip === 0) {
      for (;;) {
        const beyond = -Math.log1p(-generator.uniform()) / EDGE;
        const height = -Math.log1p(-generator.uniform());
        if (2 * height > beyond * beyond) return (length >> 8n) & 1n ? -(EDGE + beyond) : EDGE + beyond;
      }
    }
    const { heights } = STRIPS;
    if ((heights[strip - 1] - heights[strip]) * generator.uniform() + heights[strip] < bell(x)) return sign * x;
  }
}

/** So many normal numbers; `entropy` are whole numbers below 2^32, at most four. */
export function normals(entropy, count) {
  const generator = new PCG64(entropy);
  return Float64Array.from({ length: count }, () => normal(generator));
}
