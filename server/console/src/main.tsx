/** Entry of the console. */
import { QueryClientProvider } from "@tanstack/react-query"
import { App as AntApp } from "antd"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { RouterProvider } from "react-router"
import { queries } from "./api/query"
import { LanguageProvider } from "./i18n/language"
import { router } from "./routes"
import "./shell/surface.css"

const root = document.getElementById("root")
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <LanguageProvider>
          <AntApp message={{ top: 56, maxCount: 3 }}>
            <RouterProvider router={router} />
          </AntApp>
        </LanguageProvider>
      </QueryClientProvider>
    </StrictMode>,
  )
}
