"""Files that are not what they should be: what makes them, and what reads them until one does harm."""
