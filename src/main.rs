//! The `podling` executable: parse, dispatch, exit code.

fn main() {}
