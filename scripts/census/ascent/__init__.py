"""Pictures made to drive single units: where they start, what they maximize, and how they climb."""
