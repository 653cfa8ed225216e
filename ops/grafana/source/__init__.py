"""The dashboards as code: ``python -m ops.grafana.source`` writes ../dashboards/*.json."""
