"""What is held before it is said, and which reply answered which command."""
