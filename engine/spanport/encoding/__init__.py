"""What an encoder's view of sentences gives: word vectors, label probabilities, links, entities."""
