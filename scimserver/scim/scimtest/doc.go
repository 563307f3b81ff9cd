// Package scimtest holds what the tests of the SCIM packages share: schemas to test with, and cases kept in files.
package scimtest
