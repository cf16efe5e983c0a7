"""What runs compiled programs: a network's predictions and passes, and the steps of a trainer."""
