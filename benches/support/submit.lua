-- What wrk sends: a submission. SUBMISSION is its body.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = os.getenv("SUBMISSION")
