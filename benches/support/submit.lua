-- What wrk sends: a submission of an ordinary task. TASK_IMAGE names its image.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = string.format('{"name":"load","image":"%s","env":{"K":"value"}}', os.getenv("TASK_IMAGE"))
