"""Where rows come in: lists are opened here and files imported."""
