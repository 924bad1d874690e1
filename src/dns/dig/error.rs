//! Errors of a dig line.

use super::name::NameError;
use crate::text::Safe;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    #[error("no name given: NAME [TYPE] [@SERVER] [+OPTION…]")]
    Nothing,
    #[error("unknown option `+{0}`")]
    Option(Safe),
    /// Number out of range.
    #[error("+{option}= needs a number from {low} to {high}")]
    Value { option: &'static str, low: u64, high: u64 },
    #[error("+{option}= needs {expected}")]
    Word { option: &'static str, expected: &'static str },
    #[error("+{0} takes no value")]
    NoValue(&'static str),
    /// Unknown option with `-`.
    #[error("unknown option `{0}`; a dig line has -x ADDRESS, -q NAME, -t TYPE, -c CLASS and -p PORT")]
    Dash(Safe),
    /// The last word needs another one.
    #[error("{0} needs a value")]
    Alone(&'static str),
    /// Invalid type after `-t`.
    #[error("`{0}` is not a record type")]
    Type(Safe),
    /// Invalid class after `-c`.
    #[error("`{0}` is not a class")]
    Class(Safe),
    /// Invalid port after `-p`.
    #[error("`{0}` is not a port")]
    Port(Safe),
    /// A type without a name.
    #[error("`{0}` is a record type without a name")]
    Dangling(Safe),
    /// Zone transfers: AXFR and IXFR.
    #[error("{0} is not supported: zone transfers need `dig`")]
    Transfer(&'static str),
    #[error(transparent)]
    Name(#[from] NameError),
}
