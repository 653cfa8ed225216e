#compdef powertraderd

_powertraderd_completion() {
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _POWERTRADERD_COMPLETE=complete_zsh powertraderd)
}

_powertraderd_completion "$@"
