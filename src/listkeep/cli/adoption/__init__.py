"""Taking lists over from elsewhere: files of tokens, and where plaintext remains."""
