"""Answer over HTTP and WebSocket, and call such a service from Python."""
