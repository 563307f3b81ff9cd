// Package people makes the users of a measurement: the same number is the same person in every run, and a document is what
// Okta and Entra send, so that its representation is about 1 KB.
package people
