"""Running compiled programs: predictions, single passes and training steps."""
