"""What a world is like: the models, and the road from a TOML file to them."""
