check_layers: 8 include8 against the arrows of docs/ARCHITECTURE.md
