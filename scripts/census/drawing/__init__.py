"""Drawing of declared figures: pages, inputs, jobs and rules."""
