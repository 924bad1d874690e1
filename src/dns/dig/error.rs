//! Errors of a dig line.

use super::name::NameError;
use crate::text::Safe;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// No question.
    #[error("say what to ask: NAME [TYPE] [@SERVER] [+OPTION…]")]
    Nothing,
    /// Unknown option.
    #[error("there is no option `+{0}`")]
    Option(Safe),
    /// Number out of range.
    #[error("+{option}= wants a number from {low} to {high}")]
    Value {
        /// Without its `+`.
        option: &'static str,
        /// Minimum.
        low: u64,
        /// Maximum.
        high: u64,
    },
    /// Invalid value.
    #[error("+{option}= wants {wants}")]
    Word {
        /// Without its `+`.
        option: &'static str,
        /// Expected values.
        wants: &'static str,
    },
    /// Unexpected value.
    #[error("+{0} takes no value")]
    NoValue(&'static str),
    /// Unknown option with `-`.
    #[error("there is no option `{0}`; a dig line knows -x ADDRESS, -q NAME, -t TYPE, -c CLASS and -p PORT")]
    Dash(Safe),
    /// The last word needs another one.
    #[error("{0} wants a word after it")]
    Alone(&'static str),
    /// Invalid type after `-t`.
    #[error("`{0}` is no record type")]
    Type(Safe),
    /// Invalid class after `-c`.
    #[error("`{0}` is no class")]
    Class(Safe),
    /// Invalid port after `-p`.
    #[error("`{0}` is no port")]
    Port(Safe),
    /// A type without a name.
    #[error("`{0}` has no name to ask for")]
    Dangling(Safe),
    /// Zone transfers: AXFR and IXFR.
    #[error("{0} transfers a whole zone, which is not done here; `dig` does it")]
    Transfer(&'static str),
    #[error(transparent)]
    Name(#[from] NameError),
}
