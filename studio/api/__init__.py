"""The API that apps call: deployed themes, requests, events as they happen."""
