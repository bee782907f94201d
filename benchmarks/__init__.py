"""Speed of qjm_widgets, measured side by side with what it is compared to; see README.md."""
