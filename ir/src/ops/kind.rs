//! The columns that the four tables have in common, and what derives from them.

/// Turns the common columns of a table into its enum. The operands are those of the row's meaning;
/// the last part of a row is its column `export`.
macro_rules! op_kind {
    (
        $kind:ident($op:ident): $kind_summary:literal
        $(
            $(#[doc = $summary:literal])+
            $mnemonic:ident = $name:ident($($operand:ident),+) {
                $($language:ident: $template:literal),+ $(,)?
            }
        )+
    ) => {
        #[doc = $kind_summary]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $op {
            $($(#[doc = $summary])+ $name,)+
        }

        impl $op {
            /// Every op of this kind, in table order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            pub(crate) const fn mnemonic(self) -> &'static str {
                match self { $(Self::$name => stringify!($mnemonic),)+ }
            }

            pub(crate) const fn summary(self) -> &'static str {
                match self { $(Self::$name => concat!($($summary),+).trim_ascii_start(),)+ }
            }

            #[inline]
            pub(crate) const fn arity(self) -> usize {
                match self { $(Self::$name => [$(stringify!($operand)),+].len(),)+ }
            }

            pub(crate) const fn templates(self) -> $crate::ops::Templates {
                match self {
                    $(Self::$name => $crate::ops::Templates { $($language: $template),+ },)+
                }
            }
        }

        #[allow(dead_code, reason = "every op has a method, whether a formula uses it or not")]
        impl $crate::ops::Terms<'_> {
            $(
                $(#[doc = $summary])+
                pub(crate) fn $mnemonic(
                    &self,
                    $($operand: $crate::function::Value),+
                ) -> $crate::function::Value {
                    self.apply($crate::ops::Op::$kind($op::$name), &[$($operand),+])
                }
            )+
        }
    };
}

/// When results fulfil a condition, as a row says it: not always, if the column is left out.
macro_rules! guarantee {
    () => {
        $crate::ops::Guarantee::None
    };
    ($guarantee:ident) => {
        $crate::ops::Guarantee::$guarantee
    };
}
