"""The verbs of `powertraderd`: one file each."""
