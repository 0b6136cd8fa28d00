// Package class evaluates Kea's client class expressions, such as
//
//	substring(option[60].hex, 0, 9) == 'PXEClient' and not member('KNOWN')
//
// An expression is parsed once, when the configuration is loaded, and
// evaluated for every packet. Evaluation does no more work than the
// expression is long.
package class
