"""What is made of findings before they are shown or gated: decisions about them, and what to do first."""
