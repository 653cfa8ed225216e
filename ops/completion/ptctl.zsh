#compdef ptctl

_ptctl_completion() {
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _PTCTL_COMPLETE=complete_zsh ptctl)
}

_ptctl_completion "$@"
