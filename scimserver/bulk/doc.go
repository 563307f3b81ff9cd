// Package bulk runs the operations of a bulk request in an order in which their references to one another hold (RFC 7644
// §3.7). What an operation does is its caller's business.
package bulk
