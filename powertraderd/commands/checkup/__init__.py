"""What `powertraderd doctor` looks at, and what must be right before real money is traded."""
