//! Running the `mlevolve` binary as a user does, and watching it.
//!
//! Nothing here waits without a deadline, so that a process that hangs fails its test instead of the
//! whole suite; and a test that panics leaves no process behind.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Far longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(300);

/// The binary with these arguments.
pub(crate) fn mlevolve<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mlevolve"));
    command.args(arguments);
    isolated(command)
}

/// A shell script in which `"$0"` is the binary.
pub(crate) fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", script])
        .arg(env!("CARGO_BIN_EXE_mlevolve"));
    isolated(command)
}

/// Without what a developer's environment could change.
fn isolated(mut command: Command) -> Command {
    command
        // Under Cargo, the program says how to call it by Cargo.
        .env_remove("CARGO")
        .env_remove("RUST_BACKTRACE")
        .env_remove("RAYON_NUM_THREADS")
        .stdin(Stdio::null());
    command
}

/// The path of a file of the project.
pub(crate) fn project_file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    path.to_str().unwrap().to_owned()
}

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The exit code, unless a signal ended the process.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Whether SIGKILL ended the process.
    pub(crate) fn was_killed(&self) -> bool {
        self.status.signal() == Some(9)
    }

    /// Asserts exit code 0.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code(), Some(0), "{self:#?}");
        self.assert_orderly();
        self
    }

    /// Asserts that the command was refused as users should be: exit code 2, nothing on standard
    /// output, and a message on standard error that says all of `expected`.
    #[track_caller]
    pub(crate) fn refused(self, expected: &[&str]) -> Self {
        assert_eq!(self.code(), Some(2), "{self:#?}");
        assert_eq!(self.stdout, "", "{self:#?}");
        assert!(self.stderr.contains("error: "), "{self:#?}");
        for part in expected {
            assert!(self.stderr.contains(part), "`{part}` is missing\n{self:#?}");
        }
        let causes = self.stderr.matches("(os error ").count();
        assert!(
            causes <= 1,
            "the system's word is given {causes} times\n{self:#?}"
        );
        self.assert_orderly();
        self
    }

    /// Asserts that nothing was said that is meant for programmers.
    #[track_caller]
    pub(crate) fn assert_orderly(&self) {
        for word in ["panicked", "RUST_BACKTRACE", "src/"] {
            assert!(!self.stderr.contains(word), "{self:#?}");
        }
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: Command) -> Ended {
    Running::start(command).end()
}

/// Runs the binary with these arguments to its end.
pub(crate) fn run_mlevolve(arguments: &[&str]) -> Ended {
    run(mlevolve(arguments.iter().copied()))
}

/// A process whose output is collected while it runs.
pub(crate) struct Running {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    lines: Receiver<String>,
    stderr: String,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = child.stdout.take().unwrap();
        let stdout = std::thread::spawn(move || {
            let mut text = Vec::new();
            output.read_to_end(&mut text).unwrap();
            String::from_utf8(text).unwrap()
        });
        let errors = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in errors.lines() {
                // Nobody listens after a test that has failed.
                let _ = sender.send(line.unwrap());
            }
        });
        Self {
            child,
            stdout: Some(stdout),
            lines,
            stderr: String::new(),
        }
    }

    /// Waits until a line on standard error begins with `start`.
    #[track_caller]
    pub(crate) fn await_line(&mut self, start: &str) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let line = self.next_line(deadline);
            match line {
                Some(line) if line.starts_with(start) => return,
                Some(_) => {}
                None => panic!("ended before `{start}`:\n{}", self.stderr),
            }
        }
    }

    /// The next line on standard error, unless there is none any more.
    fn next_line(&mut self, deadline: Instant) -> Option<String> {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left) {
            Ok(line) => {
                self.stderr += &line;
                self.stderr.push('\n');
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("hangs after:\n{}", self.stderr),
        }
    }

    /// Sends a signal, by its name without `SIG`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success(), "kill -s {name}");
    }

    /// Whether the process still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends SIGKILL after a while, if the process has not ended by then.
    pub(crate) fn killed_after(mut self, delay: Duration) -> Ended {
        std::thread::sleep(delay);
        self.child.kill().unwrap();
        self.end()
    }

    /// Waits for the process to end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        let deadline = Instant::now() + DEADLINE;
        while self.next_line(deadline).is_some() {}
        // Standard error is closed, so the process is about to end, or has.
        while self.is_running() {
            assert!(Instant::now() < deadline, "hangs after:\n{}", self.stderr);
            std::thread::sleep(Duration::from_millis(2));
        }
        Ended {
            status: self.child.wait().unwrap(),
            stdout: self.stdout.take().unwrap().join().unwrap(),
            stderr: std::mem::take(&mut self.stderr),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail if it has ended, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
