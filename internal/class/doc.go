// Package class evaluates Kea's client class expressions, such as
//
//	substring(option[60].hex, 0, 9) == 'PXEClient' and not member('KNOWN')
//
// An expression is parsed once, when the configuration is loaded, and
// evaluated for every packet. What evaluation may take of time and memory is
// bounded: expressions nest at most 100 levels deep, and no value is longer
// than 65536 bytes.
//
// The differences from Kea: the sub-options of option 43 can be looked into,
// all enterprises in vendor options are looked at (Kea 2.2: the first), the text form
// of an option that is not a string is always that of bytes, keywords end where
// words end, and regular expressions have Go's syntax.
package class
