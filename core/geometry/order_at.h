/* order_at.h - which of two segments is the lower one at a place, exact for all finite doubles.
 *
 * Method:  the sign of a polynomial of degree three: a filter in doubles, 128-bit integers where the coordinates are
 *          integers below 2^39, else a sum in fixed point as wide as the exponents span.
 * Cost:    about 5 ns, 30 ns, 2 us. Threads: reentrant. The same sign on every machine. */
#ifndef SOLVENT_ORDER_AT_H
#define SOLVENT_ORDER_AT_H

/* order_at is the sign of ya - yb, the heights of the lines through a[0..3] and b[0..3] (x0, y0, x1, y1 with x0 < x1)
 * at abscissa x. */
int order_at(const double a[4], const double b[4], double x);

#endif
