// Package leader lets an operator write only as long as it is surely the leader.
package leader
