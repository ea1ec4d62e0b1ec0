//! The `homerealm` program: parses the command line, and hands over.

mod cli;

use std::process::ExitCode;

/// A sign-in is a hundred small allocations beside one signature; the system's allocator made them
/// several hundredths of it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
