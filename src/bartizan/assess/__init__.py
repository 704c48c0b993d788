"""Judgement: pure functions from facts and knowledge to findings. Reads no file system and knows no collector."""
