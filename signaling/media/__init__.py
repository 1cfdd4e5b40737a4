"""What a leg hears and what is heard of it: prompts, tones, digits, recordings."""
