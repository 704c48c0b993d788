"""Who is asking, and what they may do: sessions of browsers, tokens of scripts, signatures of sensors."""
