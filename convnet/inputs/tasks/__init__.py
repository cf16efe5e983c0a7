"""What a net learns to predict: classes, several labels per sample, or numbers. base.py describes a `Task`."""
