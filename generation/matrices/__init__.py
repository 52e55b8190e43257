"""Facts as yes/no matrices, and the contrast groups in them."""
