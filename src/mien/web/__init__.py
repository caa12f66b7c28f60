"""Downloads over http and https, limited in size, time and servers; the user's browser."""
