"""Teaching a generator: recipes, the training model, runs, several devices."""
