-- What wrk sends: a submission of an ordinary task. FIGURES_TASK_IMAGE names its image.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = string.format(
    '{"name":"load","image":"%s","env":{"K":"value"}}', os.getenv("FIGURES_TASK_IMAGE"))
