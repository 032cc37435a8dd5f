"""The language model, headless: contract, vocabulary, model, context, sampling, generation."""
