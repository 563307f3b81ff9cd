// Package compile turns SCIMTenants into the configuration of a SCIM server, and says what is wrong with those that it
// cannot turn. It is pure: objects and facts in, configuration and findings out.
package compile
