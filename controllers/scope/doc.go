// Package scope limits the operator to some namespaces, in which it then needs no more than a Role.
package scope
