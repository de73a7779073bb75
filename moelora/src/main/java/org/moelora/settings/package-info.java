/**
 * Settings as tables: each is declared once, with its name, its range, its default and what it is for; files, flags and their documentation follow from that.
 */
@NullMarked
package org.moelora.settings;

import org.jspecify.annotations.NullMarked;
