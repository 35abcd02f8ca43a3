"""The static world: agencies, the officers of each, the population, and who is tied to whom."""
