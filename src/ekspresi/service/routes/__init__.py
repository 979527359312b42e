"""Define the addresses of the service: one router in each file."""
