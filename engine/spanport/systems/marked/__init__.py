"""Systems that put brackets round entities and find them again in what a translator makes of that."""
