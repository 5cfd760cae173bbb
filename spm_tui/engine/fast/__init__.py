"""The fast local engine: prompts' shared beginnings are read once, everything is batched."""
